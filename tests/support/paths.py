"""Where the checkout and what tests read of it lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "support" / "pictures"
