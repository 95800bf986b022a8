"""The progress bar of one case, on standard error."""

import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Bar:
    """How many values of f were computed, of those that were predicted.

    Attributes:
        show: Whether there is a bar; None for one on a terminal alone.
        bar: The bar of tqdm, once it is begun.
    """

    show: bool | None
    bar: Any = field(default=None, init=False)

    @property
    def is_wanted(self) -> bool:
        """Whether a bar would be seen."""
        return self.show if self.show is not None else _is_terminal()

    def begin(self, name: str, total: int) -> None:
        """Shows the bar for so many values, in place of an earlier one."""
        from tqdm import tqdm

        self.close()
        if self.is_wanted:
            self.bar = tqdm(
                desc=name,
                total=total,
                unit=" values",
                unit_scale=True,
                leave=False,
                file=sys.stderr,
            )

    def tell(self, count: int) -> None:
        """Moves the bar on; a prediction that was too low is corrected."""
        if self.bar is not None:
            self.bar.total = max(self.bar.total, self.bar.n + count)
            self.bar.update(count)

    def close(self) -> None:
        """Removes the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
