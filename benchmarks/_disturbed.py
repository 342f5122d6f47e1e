"""Faces of FER2013 as cameras give them: pasted into real pictures, then made small, dim, blurred, turned,
hidden or cut off; and what the stages of ferpipe find of them.
"""

from __future__ import annotations

import cv2
import numpy as np
from _faces import aligner, detector, opened, packet
from _turned import SIDE, Turner
from aligner import SCENES, pictures

from ferpipe import Face
from ferpipe_emotion.evidence import turn_by_landmarks
from ferpipe_geometry.mesh import Mesh
from ferpipe_geometry.pose import Pose
from ferpipe_geometry.quality import Quality

WIDTH, HEIGHT = 480, 360


class Chain:
    """The stages that look at a picture."""

    def __init__(self) -> None:
        self.find, self.align = detector("back"), aligner()
        self.mesh, self.pose, self.quality = opened(Mesh()), opened(Pose()), opened(Quality())
        self.turner = Turner()
        self.scenes = pictures(SCENES)

    def sample(self, face: np.ndarray, rng: np.random.Generator, *, good: bool) -> dict | None:
        """What is found of one face, disturbed unless `good`; None where it is not found."""
        how = dict.fromkeys(("yaw", "pitch", "roll", "blur", "hidden", "outside"), 0.0) | {"light": 1.0}
        how |= {"size": 120.0, "jpeg": 95.0} if good else disturbance(rng)
        picture, centre = self.scene(face, how, rng)
        if picture is None:
            return None
        found = self.find.process(packet(picture))
        away = [
            np.hypot(f.box.x + f.box.w / 2 - centre[0], f.box.y + f.box.h / 2 - centre[1])
            for f in found.faces
        ]
        if not away or min(away) > 0.4 * how["size"]:
            return None
        one = found.replace(faces=(found.faces[int(np.argmin(away))],))
        measured: Face = self.quality.process(self.pose.process(self.mesh.process(one))).faces[0]
        (plain,) = self.align.process(one).faces
        points = dict(zip(plain.landmark_names, np.asarray(plain.landmarks, np.float64), strict=True))
        return {
            **{f"how.{name}": value for name, value in how.items()},
            **measured.measures,
            "landmarks.turned": turn_by_landmarks(points),
            "good": float(good),
            "chip": plain.data["chip"].image,
        }

    def scene(self, face: np.ndarray, how: dict, rng: np.random.Generator):
        big = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        if how["yaw"] or how["pitch"]:
            mesh = self.turner.mesh(face)
            if mesh is None:
                return None, None
            big = self.turner.turn(face, mesh, how["yaw"], how["pitch"])
        if how["hidden"]:
            big = covered(big, how["hidden"], rng)
        size = how["size"]
        x, y = (
            rng.uniform(min(0.6 * size, side / 2), max(side - 0.6 * size, side / 2))
            for side in (WIDTH, HEIGHT)
        )
        if how["outside"]:
            x = (
                (how["outside"] - 0.5) * -size
                if rng.random() < 0.5
                else WIDTH + (how["outside"] - 0.5) * size
            )
        picture = pasted(self.scenes[rng.integers(len(self.scenes))], big, size, how["roll"], (x, y))
        picture = cv2.GaussianBlur(picture, (0, 0), how["blur"] * size / 48) if how["blur"] else picture
        picture = np.clip(picture * how["light"], 0, 255).astype(np.uint8)
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(how["jpeg"])])[1]
        return around(cv2.imdecode(data, cv2.IMREAD_COLOR), (x, y), max(6 * size, 120.0))


def around(picture: np.ndarray, at: tuple[float, float], side: float):
    """The part of that side about a face, and where the face lies in it: detectors see no tiny face in a
    large picture, and a classifier would never get it.
    """
    left, top = (
        int(np.clip(round(c - side / 2), 0, max(0, end - 32)))
        for c, end in zip(at, (WIDTH, HEIGHT), strict=True)
    )
    part = picture[top : max(1, round(at[1] + side / 2)), left : max(1, round(at[0] + side / 2))]
    return np.ascontiguousarray(part), (at[0] - left, at[1] - top)


def disturbance(rng: np.random.Generator) -> dict[str, float]:
    """Two or so disturbances at once, each of any strength."""
    how = {"size": float(np.exp(rng.uniform(np.log(40), np.log(220)))), "jpeg": 90.0}
    if rng.random() < 0.6:
        how |= {"yaw": rng.uniform(-65, 65), "pitch": rng.uniform(-35, 35)}
    if rng.random() < 0.5:
        how["roll"] = rng.uniform(-50, 50)
    if rng.random() < 0.25:
        how["size"] = float(np.exp(rng.uniform(np.log(14), np.log(48))))
    if rng.random() < 0.25:
        how["blur"] = rng.uniform(0.3, 2.5)
    if rng.random() < 0.2:
        how["light"] = float(np.exp(rng.uniform(np.log(0.06), np.log(2.5))))
    if rng.random() < 0.2:
        how["jpeg"] = rng.uniform(8, 60)
    if rng.random() < 0.12:
        how["hidden"] = rng.uniform(0.2, 0.55)
    if rng.random() < 0.1:
        how["outside"] = rng.uniform(0.1, 0.45)
    return how


def covered(face: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """The face with something even before its lower, left or right part."""
    made, reach = face.copy(), round(share * SIDE)
    grey = int(rng.integers(30, 220))
    side = rng.integers(3)
    if side == 0:
        made[-reach:] = grey
    elif side == 1:
        made[:, :reach] = grey
    else:
        made[:, -reach:] = grey
    return made


def pasted(
    scene: np.ndarray, face: np.ndarray, size: float, roll: float, at: tuple[float, float]
) -> np.ndarray:
    """The (HEIGHT, WIDTH, 3) scene with the face in it, fading at its edge."""
    margin = SIDE // 5
    patch = cv2.copyMakeBorder(face, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    soft = cv2.GaussianBlur(patch, (0, 0), SIDE / 16)
    soft[margin:-margin, margin:-margin] = face
    mask = np.zeros(soft.shape, np.float32)
    mask[margin // 2 : -margin // 2, margin // 2 : -margin // 2] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), margin / 4)
    middle = soft.shape[0] / 2 - 0.5
    matrix = cv2.getRotationMatrix2D((middle, middle), roll, size / SIDE)
    matrix[:, 2] += np.array(at) - 0.5 - middle
    if size < SIDE:  # no aliasing
        soft = cv2.GaussianBlur(soft, (0, 0), 0.4 * SIDE / size)
    drawn = cv2.warpAffine(soft, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR).astype(np.float32)
    share = cv2.warpAffine(mask, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)[..., None]
    ground = cv2.resize(scene, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return (ground * (1 - share) + drawn[..., None] * share + 0.5).astype(np.uint8)
