"""Everything Second Look can refuse, in one tree.

    SecondLookError
    ├── InputError              a file or picture that was handed in
    │   ├── UnreadableImage     the bytes are no image we can parse
    │   ├── UndecodablePixels   the container parses, its pixels need a decoder that is missing or failed
    │   ├── LimitExceeded       too many bytes, pixels or frames
    │   └── OutOfScope          an image that the model was not made for
    ├── ParameterError          a parameter outside its declared type or range
    ├── UnknownName             no method, model or case of that name
    ├── ModelError              a card or its weights: missing, damaged, contradicting each other
    ├── Unsupported             a method that needs what this model doesn't offer
    ├── BrokenPromise           a method returned something its wrapper does not let through
    └── Cancelled               the user pressed Cancel

Pages and the command line show the message of these; any other exception is a bug.
"""


class SecondLookError(Exception):
    """One sentence each: what was refused, why (the rule and the value), and the way out."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(what, why, remedy)
        self.what, self.why, self.remedy = what, why, remedy

    def __str__(self) -> str:
        return f"{self.what}: {self.why}. {self.remedy}"


class InputError(SecondLookError):
    """A file or picture that was handed in can't be used."""


class UnreadableImage(InputError):
    """The bytes are no image that can be parsed."""


class UndecodablePixels(InputError):
    """The file parses, but its pixel data can't be decoded here."""


class LimitExceeded(InputError):
    """More bytes, pixels or frames than the limits allow."""


class OutOfScope(InputError):
    """The image is not of the kind that the model was made for."""


class ParameterError(SecondLookError):
    """A parameter is outside its declared type or range."""


class UnknownName(SecondLookError):
    """No method, model or case has this name."""


class ModelError(SecondLookError):
    """A model card or its weights are missing, damaged or contradict each other."""


class Unsupported(SecondLookError):
    """A method needs gradients or feature maps, which this model doesn't offer."""


class BrokenPromise(SecondLookError):
    """A method returned a result of the wrong shape, range or norm."""


class Cancelled(SecondLookError):
    """The user canceled the computation."""

    def __init__(self) -> None:
        super().__init__("Canceled", "the computation was stopped before it finished", "Start it again when ready.")
