"""The tokenizer files of a model, from the metadata of its GGUF file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from termcoder.errors import NotAModelError

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
# Tokens that end an answer, by the names model families give them.
END_TOKENS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>")
QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_WORDS = QWEN2_WORDS.replace(r"|\p{N}|", r"|\p{N}{1,3}|")


def write_tokenizer(metadata: Mapping[str, Any], folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and generation_config.json into `folder`.

    Raises NotAModelError for a kind of tokenizer this program can't rebuild.
    """
    build_tokenizer(metadata).save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(metadata))
    _write_json(folder / "generation_config.json", generation_config(metadata))


def build_tokenizer(metadata: Mapping[str, Any]) -> Any:
    """A `tokenizers.Tokenizer` equal to the one the GGUF file was made from."""
    from tokenizers import AddedToken, Tokenizer, decoders, processors
    from tokenizers.models import BPE

    if metadata.get("tokenizer.ggml.model") != "gpt2":
        raise _unknown(metadata.get("tokenizer.ggml.model"))
    tokens, kinds = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    vocabulary = {token: index for index, token in enumerate(tokens) if kinds[index] != UNUSED}
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=merges, fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer, tokenizer.pre_tokenizer = _splitting(metadata.get("tokenizer.ggml.pre"))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    for index, token in enumerate(tokens):
        if kinds[index] in (CONTROL, USER_DEFINED):
            tokenizer.add_tokens([AddedToken(token, normalized=False, special=kinds[index] == CONTROL)])
    return tokenizer


def generation_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Which tokens begin, end and pad: `eos_token_id` lists every token that ends an answer, the main one first."""
    ends = [metadata.get("tokenizer.ggml.eos_token_id"), metadata.get("tokenizer.ggml.eot_token_id")]
    kinds = metadata["tokenizer.ggml.token_type"]
    ends += [
        index
        for index, token in enumerate(metadata["tokenizer.ggml.tokens"])
        if kinds[index] == CONTROL and token in END_TOKENS
    ]
    ids = {
        "bos_token_id": metadata.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": list(dict.fromkeys(end for end in ends if end is not None)),
        "pad_token_id": metadata.get("tokenizer.ggml.padding_token_id"),
    }
    return {name: value for name, value in ids.items() if value is not None}


def _splitting(name: str | None) -> tuple[Any, Any]:
    """The normaliser and the splitter into words that the tokenizer was trained with."""
    from tokenizers import Regex, normalizers
    from tokenizers import pre_tokenizers as pre

    def by_pattern(pattern: str) -> Any:
        return pre.Sequence(
            [pre.Split(Regex(pattern), behavior="isolated"), pre.ByteLevel(add_prefix_space=False, use_regex=False)]
        )

    match name:
        case "qwen2":
            return normalizers.NFC(), by_pattern(QWEN2_WORDS)
        case "llama-bpe":
            return None, by_pattern(LLAMA3_WORDS)
        case "smollm":
            return None, pre.Sequence([pre.Digits(individual_digits=True), pre.ByteLevel(add_prefix_space=False)])
        case "gpt-2":
            return None, pre.ByteLevel(add_prefix_space=False)
        case _:
            raise _unknown(name)


def _tokenizer_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    tokens = metadata["tokenizer.ggml.tokens"]
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata[f"{metadata['general.architecture']}.context_length"],
        "add_bos_token": bool(metadata.get("tokenizer.ggml.add_bos_token", False)),
        "add_prefix_space": False,
    }
    for name, key in {"bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown"}.items():
        index = metadata.get(f"tokenizer.ggml.{key}_token_id")
        if index is not None:
            config[f"{name}_token"] = tokens[index]
    if "tokenizer.chat_template" in metadata:
        config["chat_template"] = metadata["tokenizer.chat_template"]
    return config


def _unknown(what: object) -> NotAModelError:
    return NotAModelError(
        f"The GGUF file's tokenizer ({what}) is of a kind this program can't rebuild.",
        remedy="Fetch the model as GPTQ instead.",
    )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
