"""A sentence for people, that can still be said in their language where it is shown."""

from collections.abc import Mapping


class Sentence(str):
    """An English sentence. To programs and logs it is plain text.

    `message` is what catalogues know it by, `names` is what stands in its blanks, `%(name)s`.
    """

    message: str
    names: Mapping[str, object]

    def __new__(cls, message: str, /, **names: object) -> "Sentence":
        """The sentence with its blanks filled in. Raises `KeyError` if a name is missing."""
        self = super().__new__(cls, message % names if names else message)
        self.message, self.names = message, names
        return self
