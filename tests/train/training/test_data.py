"""Labelled faces from tables and folders, what is refused, and the cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe_train.data import FER_CLASSES, DataOptions, load_faces
from ferpipe_train.data.cache import cache_dir, load_cache
from ferpipe_train.data.image_io import BadPixelsError, parse_pixels

RANDOM = np.random.default_rng(5)
FACES = RANDOM.integers(0, 256, (6, 48, 48), dtype=np.uint8)
LABELS = (0, 3, 6, 3, 1, 5)
USAGES = ("Training", "Training", "Training", "PublicTest", "PrivateTest", "Training")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_CACHE", str(tmp_path / "cache"))


def pixels(face: np.ndarray) -> str:
    return " ".join(map(str, face.ravel().tolist()))


def table(path: Path, rows: list[tuple[object, str, str]] | None = None) -> Path:
    rows = rows or [(label, pixels(f), u) for label, f, u in zip(LABELS, FACES, USAGES, strict=True)]
    lines = [f"{label},{text},{usage}" for label, text, usage in rows]
    path.write_text("emotion,pixels,Usage\n" + "\n".join(lines) + "\n")
    return path


VOTE_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def test_kaggles_table_comes_back_pixel_for_pixel(tmp_path: Path) -> None:
    faces = load_faces(table(tmp_path / "fer2013.csv"))
    assert np.array_equal(faces.images[..., 0], FACES)
    assert tuple(faces.labels) == LABELS
    assert faces.classes == FER_CLASSES
    assert [len(faces.split(s)) for s in ("Training", "PublicTest", "PrivateTest")] == [4, 1, 1]
    assert faces.split("train").labels.tolist() == [0, 3, 6, 5]
    assert faces.votes is None


def test_icml_table_with_blanks_around_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "icml_face_data.csv"
    rows = [f"{label}, {u}, {pixels(f)}" for label, f, u in zip(LABELS, FACES, USAGES, strict=True)]
    path.write_text("emotion, Usage, pixels\n" + "\n".join(rows))
    faces = load_faces(path)
    assert np.array_equal(faces.images[..., 0], FACES)
    assert tuple(faces.labels) == LABELS
    assert len(faces.split("PublicTest")) == 1


def test_bad_rows_are_named_by_line_and_left_out(tmp_path: Path) -> None:
    good = pixels(FACES[0])
    path = table(
        tmp_path / "fer2013.csv",
        [
            (0, good, "Training"),
            (7, good, "Training"),
            ("x", good, "Training"),
            (1, good[: good.rindex(" ")], "Training"),
            (1, good.replace(" ", " nan ", 1), "Training"),
            (1, "256 " + good.split(" ", 1)[1], "Training"),
            (2, good, "Holdout"),
            (-1, good, "Training"),
            (1, "", "Training"),
            (4, good, "PublicTest"),
        ],
    )
    told: list[str] = []
    faces = load_faces(path, warn=told.append)
    assert faces.labels.tolist() == [0, 4]
    assert [p.split(":")[0] for p in faces.problems] == [f"line {n}" for n in range(3, 11)]
    assert "emotion 7 is out of range (0 to 6)" in faces.problems[0]
    assert "2303 pixels, expected 2304" in faces.problems[2]
    assert "'nan' is not a pixel" in faces.problems[3]
    assert "'256' is not a pixel" in faces.problems[4]
    assert "Usage 'Holdout' is unknown" in faces.problems[5]
    assert told[0].startswith(f"{path}: 8 bad rows skipped")
    assert told[0].endswith("and 3 more")


def test_strict_refuses_a_bad_row(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [(0, pixels(FACES[0]), "Training"), (9, pixels(FACES[1]), "Training")])
    with pytest.raises(UsageError, match=r"1 bad row \(refused by strict\)\n  line 3: emotion 9"):
        load_faces(path, DataOptions(strict=True))


def test_cached_data_keeps_its_complaints(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [(0, pixels(FACES[0]), "Training"), (9, pixels(FACES[1]), "Training")])
    for _ in range(2):
        told: list[str] = []
        load_faces(path, warn=told.append)
        assert "line 3" in told[0]
    assert len(list(cache_dir().glob("*.npz"))) == 1


def test_votes_beside_the_table_follow_its_order_past_bad_rows(tmp_path: Path) -> None:
    rows = [(label, pixels(f), u) for label, f, u in zip(LABELS, FACES, USAGES, strict=True)]
    rows[1] = (11, rows[1][1], rows[1][2])
    path = table(tmp_path / "fer2013.csv", rows)
    lines = [f"{u},fer{i}.png,{i},0,0,0,0,0,0,0,0,{10 - i}" for i, u in enumerate(USAGES)]
    (tmp_path / "fer2013new.csv").write_text(VOTE_HEADER + "\n".join(lines))
    faces = load_faces(path)
    assert faces.votes is not None
    assert faces.votes[:, 0].tolist() == [0, 2, 3, 4, 5]
    assert faces.split("PublicTest").votes[:, 9].tolist() == [7]  # type: ignore[index]


def test_an_open_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    path = table(tmp_path / "fer2013.csv")
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace(",", ',"', 1)
    lines[4] = lines[4].rpartition(",")[0]
    path.write_text("\n".join(lines))
    faces = load_faces(path)
    assert [p.partition(": ")[0] for p in faces.problems] == ["line 3", "line 5"]
    assert faces.labels.tolist() == [LABELS[i] for i in (0, 2, 4, 5)]


def test_a_bad_usage_beside_votes_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = [(label, pixels(f), u) for label, f, u in zip(LABELS, FACES, USAGES, strict=True)]
    rows[3] = (rows[3][0], rows[3][1], "Pubic")
    path = table(tmp_path / "fer2013.csv", rows)
    lines = [f"{u},fer{i}.png,{i},0,0,0,0,0,0,0,0,0" for i, u in enumerate(USAGES)]
    (tmp_path / "fer2013new.csv").write_text(VOTE_HEADER + "\n".join(lines))
    faces = load_faces(path)
    assert faces.problems == ("line 5: Usage 'Pubic' is unknown (one of Training, PublicTest, PrivateTest)",)
    assert faces.votes is not None
    assert faces.votes[:, 0].tolist() == [0, 1, 2, 4, 5]


def test_votes_of_other_faces_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "fer2013.csv")
    votes = tmp_path / "fer2013new.csv"
    votes.write_text(VOTE_HEADER + "Training,a.png,1,0,0,0,0,0,0,0,0,0\n")
    with pytest.raises(UsageError, match="has 1 rows, the faces' table 6"):
        load_faces(path)
    votes.write_text(VOTE_HEADER + "".join("PublicTest,a.png,1,0,0,0,0,0,0,0,0,0\n" for _ in range(6)))
    with pytest.raises(UsageError, match=r"fer2013new.csv:2: Usage is 'PublicTest'.*'Training'"):
        load_faces(path)


@pytest.mark.parametrize("text", ["", "1 2 x", "1.5 2", "-1 4", "1,2", "999"])
def test_what_is_no_row_of_pixels(text: str) -> None:
    with pytest.raises(BadPixelsError):
        parse_pixels(text)


def test_a_table_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,age\nx,3\n")
    with pytest.raises(UsageError, match="no column emotion and pixels"):
        load_faces(path)
    with pytest.raises(UsageError, match="is not there"):
        load_faces(tmp_path / "missing.csv")


def draw_folder(root: Path, folders: dict[str, int]) -> Path:
    for folder, count in folders.items():
        (root / folder).mkdir(parents=True)
        for i in range(count):
            image = RANDOM.integers(0, 256, (60 + i, 70, 3), dtype=np.uint8)
            cv2.imwrite(str(root / folder / f"{i}.png"), image)
    return root


def test_folders_with_the_tutorials_names(tmp_path: Path) -> None:
    root = draw_folder(tmp_path / "d", {"train/happy": 3, "train/anger": 2, "test/happy": 1, "test/anger": 1})
    faces = load_faces(root)
    assert faces.classes == ("angry", "happy")
    assert faces.images.shape == (7, 48, 48, 1)
    assert len(faces.split("train")) == 5
    assert len(faces.split("validation")) == 2, "a test folder alone is what is chosen by"


def test_three_split_folders_keep_test_apart(tmp_path: Path) -> None:
    root = draw_folder(tmp_path / "d", {f"{s}/{c}": 1 for s in ("train", "val", "test") for c in ("a", "b")})
    faces = load_faces(root)
    assert [len(faces.split(s)) for s in ("train", "val", "test")] == [2, 2, 2]


def test_own_classes_are_split_by_seed_and_class(tmp_path: Path) -> None:
    root = draw_folder(tmp_path / "d", {"bored": 10, "Awake": 20})
    one = load_faces(root, DataOptions(share=0.2, seed=1, color="rgb"))
    assert one.classes == ("Awake", "bored")
    assert one.images.shape[1:] == (48, 48, 3)
    assert one.split("PublicTest").counts() == {"Awake": 4, "bored": 2}
    again = load_faces(root, DataOptions(share=0.2, seed=1, color="rgb"))
    other = load_faces(root, DataOptions(share=0.2, seed=2, color="rgb"))
    assert np.array_equal(one.splits, again.splits)
    assert not np.array_equal(one.splits, other.splits)


def test_a_smaller_share_is_a_part_of_a_larger_one(tmp_path: Path) -> None:
    root = draw_folder(tmp_path / "d", {"a": 20, "b": 30})
    small, large = (load_faces(root, DataOptions(share=share)).splits == 1 for share in (0.1, 0.3))
    assert small.sum() == 5
    assert large.sum() == 15
    assert not np.any(small & ~large), "an evaluation would meet faces that were learnt"


def test_colours_are_red_first(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "d" / name / "x.png"), np.full((48, 48, 3), (0, 0, 255), np.uint8))
    assert load_faces(tmp_path / "d", DataOptions(color="rgb")).images[0, 0, 0].tolist() == [255, 0, 0]


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    root = draw_folder(tmp_path / "d", {"a": 2, "b": 2})
    (root / "a" / "broken.png").write_bytes(b"no picture")
    (root / "b" / "empty.jpg").touch()
    faces = load_faces(root)
    assert len(faces) == 4
    assert [p.split(":")[0] for p in faces.problems] == [str(Path("a/broken.png")), str(Path("b/empty.jpg"))]


def test_a_folder_without_images_is_no_class(tmp_path: Path) -> None:
    root = draw_folder(tmp_path / "d", {"train/a": 2, "train/b": 2, "test/a": 1, "test/b": 1})
    for folder in ("train/__MACOSX", "test/__MACOSX"):
        (root / folder).mkdir()
        (root / folder / "._1.png").write_bytes(b"what an archiver leaves")
    faces = load_faces(root)
    assert faces.classes == ("a", "b")
    assert faces.problems == ("__MACOSX: a folder without images is not a class",)
    assert load_faces(root, DataOptions(classes=("a", "b", "__MACOSX"))).classes[2] == "__MACOSX"
    (root / "train" / "c").mkdir()
    (root / "test" / "c").mkdir()
    assert load_faces(root, DataOptions(classes=("a", "b", "c"))).problems == faces.problems


def test_a_folder_without_classes_or_with_unknown_ones(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="needs a folder of images for each class"):
        load_faces(tmp_path / "empty")
    root = draw_folder(tmp_path / "d", {"train/a": 1, "train/b": 1, "extra/a": 1})
    with pytest.raises(UsageError, match="mixes split folders with others: move extra elsewhere"):
        load_faces(root)


def test_the_cache_is_read_and_a_change_is_seen(tmp_path: Path) -> None:
    path = table(tmp_path / "fer2013.csv")
    load_faces(path)
    (kept,) = cache_dir().glob("*.npz")
    marked = load_cache(kept)
    marked.images[0, 0, 0] ^= 255
    from ferpipe_train.data.cache import save_cache

    save_cache(kept, marked)
    assert np.array_equal(load_faces(path).images, marked.images), "the second reading comes from the cache"
    table(path, [(0, pixels(FACES[0]), "Training"), (1, pixels(FACES[1]), "PublicTest")])
    assert len(load_faces(path)) == 2
    assert len(load_faces(path, DataOptions(size=32)).images[0]) == 32


def test_a_damaged_cache_is_written_anew(tmp_path: Path) -> None:
    path = table(tmp_path / "fer2013.csv")
    load_faces(path)
    (kept,) = cache_dir().glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:500])
    assert len(load_faces(path)) == 6
    assert len(load_cache(kept)) == 6
    with pytest.raises(UsageError, match="is not a cache of faces"):
        load_cache(path)


def test_a_cache_is_data_itself(tmp_path: Path) -> None:
    load_faces(table(tmp_path / "fer2013.csv"))
    (kept,) = cache_dir().glob("*.npz")
    faces = load_faces(kept, DataOptions(size=64, color="rgb"))
    assert faces.images.shape == (6, 64, 64, 3)


@pytest.mark.slow
@pytest.mark.shared
def test_fer2013_as_the_public_files(fer2013: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, fer2013 / "to_csv.py", tmp_path, "--limit", "300"], check=True)
    faces = load_faces(tmp_path / "fer2013.csv")
    assert [len(faces.split(s)) for s in ("Training", "PublicTest")] == [300, 300]
    mosaic = cv2.imread(str(fer2013 / "Training.png"), cv2.IMREAD_GRAYSCALE)
    assert mosaic is not None
    assert np.array_equal(faces.images[1, ..., 0], mosaic[:48, 48:96])
    assert faces.votes is not None
    assert np.median(faces.votes.sum(1)) == 10
    assert not faces.problems
