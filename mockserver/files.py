"""Where the contract, the ledger and the fixtures lie: in the checkout or inside the wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent

CONTRACT = _ROOT / "spec" / "openapi.yaml"
LEDGER = _ROOT / "spec" / "divergences.yaml"
WORLD = _ROOT / "fixtures" / "world.json"
SCENARIOS = _ROOT / "fixtures" / "scenarios"
SCENARIO_SCHEMA = _ROOT / "fixtures" / "scenario.schema.json"
IMAGES = _ROOT / "fixtures" / "images"
