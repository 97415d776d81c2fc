"""What may leave a DICOM file: the elements that are parsed, and the defined terms that their text may be.

A header field is kept only if its value is one of the terms here, so no name can hide in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.values import Modality


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _words(
    """
    SOPClassUID Modality BodyPartExamined ViewPosition Laterality ImageLaterality BurnedInAnnotation
    PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing PatientOrientation ImageOrientationPatient
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit
    RescaleSlope RescaleIntercept RescaleType ModalityLUTSequence
    WindowCenter WindowWidth VOILUTFunction VOILUTSequence PresentationLUTShape
    RedPaletteColorLookupTableDescriptor RedPaletteColorLookupTableData SegmentedRedPaletteColorLookupTableData
    GreenPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData
    BluePaletteColorLookupTableDescriptor BluePaletteColorLookupTableData SegmentedBluePaletteColorLookupTableData
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
    ExtendedOffsetTable ExtendedOffsetTableLengths PixelData FloatPixelData DoubleFloatPixelData
    """
)
# PS3.3 C.7.3.1.1.1, the image modalities
MODALITY_CODES = _words(
    "AR BI BMD CR CT DG DMS DX ECG EPS ES FID GM HC IO IVOCT IVUS KER LEN LP LS MG MR NM OAM OCT OP OPM OPT OPTBSV "
    "OPTENF OPV OSS OT PT PX RF RG SC SEG SM SMR SRF TG US VA XA XC"
)
UNSPECIFIC = frozenset({"OT", "SC"})  # other; and a retired term for secondary captures
# PS3.3 C.8.1.1, C.8.7.1.1.1, C.8.11.7
FRONTAL = frozenset({"AP", "PA"})
VIEWS = FRONTAL | _words("LL RL LAT LATERAL LLD RLD LLO RLO RAO LAO RPO LPO OBL CC MLO ML LM LMO XCC XCCL XCCM")
LATERALITIES = frozenset({"L", "R", "B", "U"})
# PS3.16 annex L, and spellings met in the wild
BODY_PARTS = _words(
    "ABDOMEN ANKLE ARM BREAST CHEST CSPINE ELBOW EXTREMITY EYE FACE FINGER FOOT FOREARM HAND HEAD HEART HIP HUMERUS "
    "JAW KNEE LEG LSPINE LUNG NECK PELVIS RETINA RIB SHOULDER SKIN SKULL SPINE STERNUM THIGH THORAX THUMB TOE TSPINE "
    "WHOLEBODY WRIST"
) | {"WHOLE BODY", "CHEST PA", "CHEST AP"}
CHEST = frozenset({"CHEST", "CHEST PA", "CHEST AP", "THORAX", "LUNG", "HEART", "RIB"})
EYE = frozenset({"EYE", "RETINA"})

PHOTOMETRICS: Mapping[str, int] = {  # PS3.3 C.7.6.3.1.2: samples per pixel
    "MONOCHROME1": 1,
    "MONOCHROME2": 1,
    "PALETTE COLOR": 1,
    "RGB": 3,
    "YBR_FULL": 3,
    "YBR_FULL_422": 3,
    "YBR_ICT": 3,
    "YBR_RCT": 3,
}
RETIRED_PHOTOMETRICS = frozenset({"HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420"})

# what a header modality or SOP class says about the picture
MEANING: Mapping[str, Modality] = {
    "CR": "cxr",
    "DX": "cxr",
    "RG": "cxr",
    "OP": "fundus",
    "DMS": "dermoscopy",
    "GM": "dermoscopy",
    "XC": "dermoscopy",
}
MEANING_OF_CLASS: Mapping[str, Modality] = {
    "1.2.840.10008.5.1.4.1.1.1": "cxr",
    "1.2.840.10008.5.1.4.1.1.1.1": "cxr",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "cxr",
    "1.2.840.10008.5.1.4.1.1.77.1.4": "dermoscopy",
    "1.2.840.10008.5.1.4.1.1.77.1.7": "dermoscopy",
    "1.2.840.10008.5.1.4.1.1.77.1.5.1": "fundus",
    "1.2.840.10008.5.1.4.1.1.77.1.5.2": "fundus",
    "1.2.840.10008.5.1.4.1.1.77.1.5.5": "fundus",
}
