"""Every real DICOM file of the shared data decodes to the right polarity and range, or is refused in one sentence.

The reference is worked out here from pydicom's raw pixel array and the header, apart from the code under test.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import FileDataset, dcmread
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import ImplicitVRLittleEndian

from core.errors import InputError, UnreadableImage
from imaging.read import frame_count, read_case
from tests.imaging.tiny import dicom

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [root / "shared" / "data" / "dicom" for root in (ROOT.parent, ROOT.parent.parent)]
INDEX = next((folder / "index.csv" for folder in FOLDERS if (folder / "index.csv").is_file()), None)
ROWS = list(csv.DictReader(INDEX.read_text().splitlines())) if INDEX else []
WITHOUT_PIXELS = {"chest/charset_chrJapMulti.dcm", "chest/charset_chrJapMultiExplicitIR6.dcm"}
BROKEN = [row for row in ROWS if row["category"] == "broken" or row["file"] in WITHOUT_PIXELS]
PICTURES = [row for row in ROWS if row not in BROKEN]
LISTED = {"format", "modality", "body part", "view", "laterality", "photometric interpretation", "bits stored"}
LISTED |= {"rows x columns", "frame", "transfer syntax"}
EXTENDED = {"wrong_body_part/wg04_rg3_jply_extremity.dcm", "colour_and_codec/pydicom_JPGExtended.dcm"}

pytestmark = pytest.mark.skipif(not ROWS, reason="the real test images (shared/data) are not beside this checkout")
each_picture = pytest.mark.parametrize("row", PICTURES, ids=[row["file"] for row in PICTURES])


@pytest.fixture(name="folder")
def _folder(shared_data: Path) -> Path:
    return shared_data / "dicom"


def header(path: Path) -> FileDataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def reference(dataset: FileDataset, frame: int) -> np.ndarray:
    """What a display shows, in [0, 1], by the formulas of PS3.3 written down once more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = pixel_array(dataset, index=frame)
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            colors = apply_color_lut(stored, dataset)
            return colors / np.iinfo(colors.dtype).max
    if stored.ndim == 3:
        return stored / (2.0**dataset.BitsStored - 1)
    values = stored * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0))
    used = np.ones(stored.shape, dtype=bool)
    if "PixelPaddingValue" in dataset:
        used = stored != dataset.PixelPaddingValue
    if "WindowWidth" in dataset:
        first = [
            np.atleast_1d(np.array(dataset[keyword].value, float))[0] for keyword in ("WindowCenter", "WindowWidth")
        ]
        shown = np.interp(values, first[0] - 0.5 + np.array([-0.5, 0.5]) * (first[1] - 1), [0, 1])
    elif dataset.BitsStored <= 8:
        shown = values / (2.0**dataset.BitsStored - 1)
    else:
        shown = np.interp(values, [values[used].min(), values[used].max()], [0, 1])
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
    return np.where(used, shown, 0)


@pytest.mark.parametrize("row", BROKEN, ids=[row["file"] for row in BROKEN])
def test_what_is_broken_is_refused_in_one_sentence(row: dict[str, str], folder: Path) -> None:
    with pytest.raises(UnreadableImage) as caught:
        read_case((folder / row["file"]).read_bytes())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@each_picture
def test_what_decodes_has_the_right_polarity_and_range(row: dict[str, str], folder: Path) -> None:
    path = folder / row["file"]
    frames = int(row["frames"] or 1)
    assert frame_count(path.read_bytes()) == frames
    dataset = header(path)
    for frame in {0, frames - 1}:
        case = read_case(path.read_bytes(), frame=frame, modality="dermoscopy")
        pixels = case.pixels
        assert pixels.shape[:2] == (int(row["rows"]), int(row["cols"]))
        assert pixels.dtype == np.float32
        if row["file"] in EXTENDED:
            continue
        wanted = reference(dataset, frame)
        wanted = wanted[..., None] if wanted.ndim == 2 else wanted
        if pixels.shape[2] < wanted.shape[2]:
            assert np.ptp(wanted, axis=2).max() < 0.01
            wanted = wanted[..., 1:2]
        tolerance = 0.02 if "JPEG Baseline" in row["transfer_syntax"] else 1e-5  # decoders of it may differ a little
        assert np.abs(pixels - wanted).max() <= tolerance
        if np.ptp(wanted) > 0.05:
            assert np.corrcoef(pixels.ravel(), wanted.ravel())[0, 1] > 0.999


@each_picture
def test_only_listed_header_fields_are_kept(row: dict[str, str], folder: Path) -> None:
    case = read_case((folder / row["file"]).read_bytes())
    assert set(case.source) <= LISTED
    said = repr((case.name, case.source, case.notes)).upper()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        elements = list(header(folder / row["file"]).iterall())
    for element in elements:
        if element.VR == "PN" or element.keyword in {"PatientID", "InstitutionName", "StudyDate", "AccessionNumber"}:
            value = str(element.value).strip().upper()
            assert len(value) < 4 or value not in said


def test_twelve_bit_jpeg_extended_agrees_with_the_lossless_copy_of_the_same_film(folder: Path) -> None:
    lossy, lossless = (
        read_case((folder / "wrong_body_part" / f"wg04_rg3_{kind}_extremity.dcm").read_bytes()).pixels
        for kind in ("jply", "rle")
    )
    assert np.abs(lossy - lossless).mean() < 0.002
    assert np.corrcoef(lossy.ravel(), lossless.ravel())[0, 1] > 0.999


def test_the_altered_tag_is_followed(folder: Path) -> None:
    """Same pixels, but one file claims MONOCHROME1: we believe the header, and say so."""
    honest, altered = (
        read_case((folder / "chest" / f"rsna_cr_chest_{kind}_jpeg.dcm").read_bytes())
        for kind in ("mono2", "fake_mono1")
    )
    assert np.abs(altered.pixels + honest.pixels - 1).max() < 1e-6
    assert any("MONOCHROME1" in note for note in altered.notes)


def test_chests_are_bright_in_the_middle(folder: Path) -> None:
    """A film with the right polarity: the mediastinum is brighter than the lungs beside it."""
    for name in ("dx_chest_pa_mono1_j2k_lossless_12bit", "gdcm_cr_chest_mono1_10bit_raw", "rsna_cr_chest_mono2_jpeg"):
        pixels = read_case((folder / "chest" / f"{name}.dcm").read_bytes()).pixels[..., 0]
        height, width = pixels.shape
        band = pixels[int(0.4 * height) : int(0.55 * height)]
        middle = band[:, int(0.45 * width) : int(0.55 * width)].mean()
        beside = np.mean([band[:, int(a * width) : int((a + 0.1) * width)].mean() for a in (0.2, 0.7)])
        assert middle > beside + 0.1, name


def test_wrong_body_part_is_noted(folder: Path) -> None:
    wrong = {
        "wg04_rg3_rle_extremity": "EXTREMITY",
        "mg_overlay_out_of_bounds": "modality MG",
        "wg04_rg3_jply_extremity": "EXTREMITY",
    }
    for name, said in wrong.items():
        notes = read_case((folder / "wrong_body_part" / f"{name}.dcm").read_bytes()).notes
        assert any(said in note for note in notes)


@pytest.mark.parametrize(
    ("source", "modality", "elements"),
    [
        ("dermoscopy", "dermoscopy", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4", "Modality": "XC"}),
        ("fundus", "fundus", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.5.1", "Modality": "OP"}),
    ],
)
def test_real_photographs_in_a_dicom_wrapper(
    source: str, modality: str, elements: dict[str, Any], shared_data: Path
) -> None:
    path = sorted((shared_data / source / "images").glob("*.jpg"))[0]
    rgb = np.asarray(Image.open(path).convert("RGB"))
    wrapped, plain = read_case(dicom(rgb, **elements)), read_case(path.read_bytes())
    assert wrapped.modality == plain.modality == modality
    assert np.array_equal(wrapped.pixels, plain.pixels)
    assert wrapped.id == plain.id


def test_a_truncated_real_file_is_refused(folder: Path) -> None:
    for row in PICTURES[::6]:
        data = (folder / row["file"]).read_bytes()
        with pytest.raises(InputError):
            read_case(data[: len(data) // 2])
