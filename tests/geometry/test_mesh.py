"""The mesh: where it lies on real faces, how it is followed, and where there is none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferpipe import Box, Face, Packet, Pipeline, UsageError
from ferpipe.testing import TestContext, check_stage, make_packet, make_packets, run_stage
from ferpipe_geometry.blendshapes import NAMES, POINTS
from ferpipe_geometry.fit import WIDTH, fit
from ferpipe_geometry.mesh import Mesh, MeshOptions
from ferpipe_geometry.networks import MeshNetwork
from ferpipe_geometry.pose import Pose
from ferpipe_geometry.region import Region, cut, region_of_face

CORNERS = [33, 133, 362, 263]
"""The corners of the eyes from the left of the picture to the right."""


def meshed(image: np.ndarray, face: Face, **options: object) -> Face:
    (packet,) = run_stage(Mesh(MeshOptions(**options)), [make_packet(image, faces=[face])])
    return packet.faces[0]


def moved(face: Face, x: float, y: float) -> Face:
    box = face.box
    return face.replace(
        box=Box(box.x + x, box.y + y, box.w, box.h), landmarks=face.landmarks + np.float32([x, y])
    )


def test_the_stage_keeps_the_contract(astronaut: np.ndarray, collins: Face) -> None:
    check_stage(Mesh, {}, [make_packet(astronaut, faces=[collins])])


def test_the_points_lie_on_a_real_face(astronaut: np.ndarray, collins: Face) -> None:
    found = meshed(astronaut, collins)
    mesh = found.data["mesh"]
    assert (mesh.shape, mesh.dtype, mesh.flags.writeable) == ((468, 3), np.float32, False)
    assert found.measures["mesh.presence"] > 0.9
    centres = [mesh[CORNERS[:2], :2].mean(axis=0), mesh[CORNERS[2:], :2].mean(axis=0)]
    assert np.abs(np.array(centres) - collins.landmarks).max() < 6
    assert mesh[4, 2] < mesh[[234, 454], 2].min(), "the nose is nearer than the ears"


def test_the_mesh_moves_turns_and_grows_with_the_picture(astronaut: np.ndarray, collins: Face) -> None:
    straight = meshed(astronaut, collins).data["mesh"]
    matrix = cv2.getRotationMatrix2D((224, 120), -25, 1.6)
    picture = cv2.warpAffine(astronaut, matrix, (512, 512))
    eyes = (collins.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    face = Face(Box(224 - 90, 120 - 90, 180, 180), 0.9, eyes, collins.landmark_names)
    wanted = straight[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    away = np.linalg.norm(meshed(picture, face).data["mesh"][:, :2] - wanted, axis=1)
    assert np.median(away) < 0.02 * np.ptp(wanted[:, 0])


def test_a_mirrored_picture_has_mirrored_angles(astronaut: np.ndarray, collins: Face) -> None:
    mirror = Face(Box(512 - 276, 68, 104, 104), 0.9, [[511, 0]] - collins.landmarks[::-1] * [[1, -1]])
    stages = [Mesh(), Pose()]
    found = []
    for image, face in ((astronaut, collins), (np.ascontiguousarray(astronaut[:, ::-1]), mirror)):
        packet = make_packet(image, faces=[face])
        for stage in stages:
            (packet,) = run_stage(type(stage)(), [packet])
        found.append(packet.faces[0].measures)
    assert found[1]["head.yaw"] == pytest.approx(-found[0]["head.yaw"], abs=2.5)
    assert found[1]["head.roll"] == pytest.approx(-found[0]["head.roll"], abs=2.5)
    assert found[1]["head.pitch"] == pytest.approx(found[0]["head.pitch"], abs=2.5)


def test_a_tracked_face_is_followed_by_its_own_points(astronaut: np.ndarray, collins: Face) -> None:
    """The tracker's box says where the face was; a face that is carried shows nothing new."""
    pictures = [np.roll(astronaut, 3 * step, axis=1) for step in range(12)]
    faces = [collins, *[collins.replace(detected=False, landmarks=None)] * 11]
    packets = make_packets(pictures)
    packets = [packet.replace(faces=(face,)) for packet, face in zip(packets, faces, strict=True)]
    out = run_stage(Mesh(), packets)
    noses = [packet.faces[0].data["mesh"][4, 0] for packet in out]
    assert noses[-1] - noses[0] == pytest.approx(33, abs=3)


def test_following_runs_the_network_once_and_a_new_search_twice(
    astronaut: np.ndarray, collins: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Region] = []
    real = MeshNetwork.__call__
    monkeypatch.setattr(
        MeshNetwork,
        "__call__",
        lambda self, image, region: (runs.append(region), real(self, image, region))[1],
    )
    packets = [packet.replace(faces=(collins,)) for packet in make_packets([astronaut] * 4)]
    run_stage(Mesh(), packets)
    assert len(runs) == 2 + 3
    runs.clear()
    unknown = [packet.replace(faces=(collins.replace(track=None),)) for packet in packets]
    run_stage(Mesh(), unknown)
    assert len(runs) == 4 * 2


def test_a_face_that_is_found_elsewhere_is_searched_anew(astronaut: np.ndarray, collins: Face) -> None:
    other = np.roll(astronaut, 200, axis=1)
    packets = make_packets([astronaut, other])
    faces = (collins, moved(collins, 200, 0))
    out = run_stage(Mesh(), [p.replace(faces=(f,)) for p, f in zip(packets, faces, strict=True)])
    first, second = (packet.faces[0].data["mesh"] for packet in out)
    assert np.median(np.abs(second[:, :2] - first[:, :2] - [200, 0])) < 2


def test_where_presence_falls_the_mesh_is_gone_and_comes_back(astronaut: np.ndarray, collins: Face) -> None:
    grey = np.full_like(astronaut, 127)
    packets = [p.replace(faces=(collins,)) for p in make_packets([astronaut, grey, astronaut])]
    found = [packet.faces[0] for packet in run_stage(Mesh(), packets)]
    assert ["mesh" in face.data for face in found] == [True, False, True]
    assert found[1].measures["mesh.presence"] < 0.5


@pytest.mark.parametrize(
    "box",
    [
        Box(-50, 60, 104, 104),
        Box(460, 460, 104, 104),
        Box(-5000, 0, 50, 50),
        Box(100, 100, 0, 0),
        Box(np.nan, 0, 9, 9),
        Box(0, 0, 3000, 3000),
        Box(1, 1, 4, 4),
    ],
)
@pytest.mark.parametrize("size", [(512, 512), (3, 3), (1, 700)])
def test_no_box_and_no_picture_makes_it_fail(astronaut: np.ndarray, box: Box, size: tuple[int, int]) -> None:
    picture = np.ascontiguousarray(astronaut[: size[0], : size[1]])
    found = meshed(picture, Face(box, 0.9))
    assert all(np.isfinite(value) for value in found.measures.values())
    assert "mesh" not in found.data or np.isfinite(found.data["mesh"]).all()


def test_half_a_face_keeps_its_visible_points_in_place(astronaut: np.ndarray, collins: Face) -> None:
    whole = meshed(astronaut, collins).data["mesh"]
    edge = 222
    half = meshed(np.ascontiguousarray(astronaut[:, edge:]), moved(collins, -edge, 0))
    if "mesh" in half.data:
        seen = whole[:, 0] > edge + 8
        away = np.linalg.norm(half.data["mesh"][seen, :2] - whole[seen, :2] + [edge, 0], axis=1)
        assert np.median(away) < 0.1 * np.ptp(whole[:, 0])
    assert 0 <= half.measures["mesh.presence"] <= 1


def test_a_picture_without_a_face_stays_as_it_is(astronaut: np.ndarray) -> None:
    packet = make_packet(astronaut, faces=[])
    (out,) = run_stage(Mesh(), [packet])
    assert out.faces == ()


@pytest.mark.parametrize("side", [40.0, 200.0, 1500.0])
def test_a_region_is_cut_where_it_lies(side: float) -> None:
    picture = np.zeros((900, 1200, 3), np.uint8)
    cv2.circle(picture, (500, 400), max(4, int(side / 12)), (255, 255, 255), -1)
    region = Region(500.5 + side / 6, 400.5, side, 0.4)
    part = cut(picture, region, 192)[..., 0].astype(float)
    y, x = np.mgrid[:192, :192] + 0.5
    centre = np.array([(part * x).sum(), (part * y).sum(), 0]) / part.sum()
    back = region.place(np.array([centre], np.float32), 192)[0]
    assert np.abs(back[:2] - [500.5, 400.5]).max() < max(0.3, side / 192)


def test_the_region_of_a_face_is_upright_by_its_eyes(collins: Face) -> None:
    region = region_of_face(collins)
    assert region is not None
    assert np.degrees(region.angle) == pytest.approx(np.degrees(np.arctan2(2, 43)))
    assert region_of_face(collins.replace(box=Box(0, 0, np.inf, 5))) is None


def test_the_landmarker_gives_irises_and_blendshapes(
    astronaut: np.ndarray, collins: Face, landmarker: Path
) -> None:
    found = meshed(astronaut, collins, model="landmarker")
    assert found.data["mesh"].shape == (478, 3)
    shapes = {name: found.measures[f"blendshape.{name}"] for name in NAMES}
    assert min(shapes["mouth_smile_left"], shapes["mouth_smile_right"]) > 0.5, "she smiles"
    assert max(shapes["jaw_open"], shapes["mouth_pucker"], shapes["mouth_frown_left"]) < 0.3
    irises = found.data["mesh"][[468, 473], :2]
    assert np.abs(irises - collins.landmarks).max() < 6
    small = meshed(astronaut, collins).data["mesh"]
    away = np.linalg.norm(found.data["mesh"][:468, :2] - small[:, :2], axis=1)
    assert np.median(away) < 0.03 * np.ptp(small[:, 0])


def test_the_landmarker_keeps_the_contract(astronaut: np.ndarray, collins: Face, landmarker: Path) -> None:
    check_stage(Mesh, {"model": "landmarker"}, [make_packet(astronaut, faces=[collins])])


def test_a_landmarker_that_is_not_here_or_broken_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path))
    stage = Mesh(MeshOptions(model="landmarker"))
    with pytest.raises(UsageError, match="ferpipe models pull face_landmarker"):
        stage.open(TestContext(tmp_path))
    (tmp_path / "face_landmarker.task").write_bytes(b"PK, but no archive")
    with pytest.raises(UsageError, match="cannot be read as MediaPipe's Face Landmarker"):
        stage.open(TestContext(tmp_path))


def test_the_blendshape_network_is_shown_146_points() -> None:
    assert (len(NAMES), len(set(NAMES))) == (52, 52)
    assert (len(POINTS), len(set(POINTS.tolist())), POINTS.max()) == (146, 146, 477)


@pytest.mark.slow
@pytest.mark.parametrize("clip", ["head-pose-male", "head-pose-female-and-male", "classroom"])
def test_real_clips_give_finite_poses_that_do_not_jump(media: Path, clip: str) -> None:
    path = str(media / f"intel_{clip}.mp4")
    chain = Pipeline.of(("file", {"path": path}), "blazeface", "track", "mesh", "pose")
    last: dict[int, Packet] = {}
    jumps, poses = 0, 0
    for packet in chain:
        for face in packet.faces:
            if "head.yaw" not in face.measures:
                continue
            poses += 1
            assert all(np.isfinite(value) for value in face.measures.values())
            before = last.get(face.track or 0)
            if before is not None and clip != "classroom":
                jumps += abs(face.measures["head.pitch"] - before.measures["head.pitch"]) > 25
            last[face.track or 0] = face
            assert fit(face.data["mesh"]).scale * WIDTH > 4
    assert poses > 50
    assert jumps == 0
