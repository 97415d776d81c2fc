"""The words that a reader may not know, each in one sentence."""

from __future__ import annotations

from html import escape

GLOSSARY = {
    "Logit": "The raw score of the model before it becomes a probability; larger means more evidence.",
    "Probability": "The logit on a scale from 0 to 100 %, calibrated: of the pictures given 80 %, about 80 in 100 "
    "should show the finding, in data like the validation data on which the scale was fitted.",
    "Threshold": "The probability from which the model flags the finding; chosen on validation data.",
    "Operating point": "A threshold chosen for a purpose on validation data: the balanced one makes sensitivity + "
    "specificity as large as possible; that for screening is the same or lower, to flag at least 95 of 100 images with "
    "the finding.",
    "Coverage": "The share of images, of those with the finding and of those without, for which the answer must hold "
    "the truth, in data like the validation data; nothing is promised for an image that was altered or comes from "
    "elsewhere. Where both answers remain at this share, the model can't tell.",
    "Epsilon": "The largest change allowed for any pixel, in gray levels of 255.",
    "L-infinity": "The largest change of any single pixel in the picture.",
    "RMS": "The root mean square: the typical change of a pixel, where large changes count more.",
    "L2": "The length of the whole change: the root of the sum of all squared pixel changes.",
    "SSIM": "Structural similarity of two pictures, which follows what the eye compares; 1 means identical.",
    "PSNR": "The peak signal-to-noise ratio in decibels: the higher, the smaller the change.",
    "Restart": "Another run of an attack from another random point; the best run counts.",
    "Baseline": "The picture without content that an explanation compares with, such as black or a blurred copy.",
    "Control": "Random noise of the same size as the perturbation: what it does too, takes no skill.",
    "Rank correlation": "Whether two maps put all places in the same order: 1 the same order, 0 unrelated.",
    "Top-10 % overlap": "How much of the strongest tenth of one map is also in the strongest tenth of the other; "
    "two unrelated maps share a tenth.",
    "Centroid shift": "How far the center of a map has moved.",
    "Sensitivity": "Of the pictures that show the finding, the share that the model flags.",
    "Specificity": "Of the pictures that do not show the finding, the share that the model does not flag.",
    "AUROC": "The chance that a picture with the finding gets a higher score than one without: 1 is perfect, 0.5 is "
    "guessing.",
    "Precision": "Of the pictures that the model flags, the share that show the finding; lower where it is rare.",
    "Brier score": "The mean squared distance between probability and truth: 0 is perfect, and 0.25 is what saying "
    "50 % of every picture gets.",
    "Calibration error": "How far probabilities are from the observed shares, averaged over groups of equally many "
    "pictures with similar probabilities; 0 is perfect, and chance alone makes it a little larger.",
    "95 % interval": "A range made so that in 95 of 100 tests, each on another sample of the same kind, it holds the "
    "true value.",
    "Seed": "The number that names the random choices; the same seed gives the same result.",
}


def explained(name: str) -> str:
    """As HTML, where the first term of the glossary that occurs in it opens its meaning, by mouse, touch or key."""
    for term, meaning in GLOSSARY.items():
        if term.lower() in name.lower():
            return opened(name, meaning)
    return escape(name)


def opened(name: str, meaning: str) -> str:
    """As HTML, a name that opens its meaning."""
    return f'<details class="term"><summary>{escape(name)}</summary>{escape(meaning)}</details>'
