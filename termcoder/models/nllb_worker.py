"""Run as a process of its own: translates, a JSON object a line, in and out. It imports nothing of termcoder.

Asked is `{"sentences": [...], "source": "deu_Latn", "target": "eng_Latn"}`, answered `{"sentences": [...]}` or
`{"error": "..."}`. It ends when its input does.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

AT_ONCE = 8
"""Sentences in a batch."""
LONGEST = 512  # tokens, of a sentence and of its translation: what NLLB was trained for


def main() -> None:
    """Serve standard input until it ends. What libraries print goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin, out)


def serve(model: str, requests: TextIO, out: TextIO) -> None:
    """Answer every line. A model that can't be loaded answers each with the reason."""
    loaded: Any = None
    for line in requests:
        try:
            loaded = loaded or _load(model)
            tokenizer, network = loaded
            answer: dict[str, Any] = {"sentences": _translate(tokenizer, network, json.loads(line))}
        except Exception as error:  # whoever asked is told
            answer = {"error": (str(error) or type(error).__name__).strip().partition("\n")[0]}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _load(model: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    network = AutoModelForSeq2SeqLM.from_pretrained(model, local_files_only=True, trust_remote_code=False)
    return tokenizer, network.eval()


def _translate(tokenizer: Any, network: Any, request: dict[str, Any]) -> list[str]:
    sentences: Sequence[str] = request["sentences"]
    begin = tokenizer.convert_tokens_to_ids(request["target"])
    if begin is None or begin == tokenizer.unk_token_id:
        raise ValueError(f"it knows no language {request['target']!r}")
    tokenizer.src_lang = request["source"]
    results: list[str] = []
    for at in range(0, len(sentences), AT_ONCE):
        results += _batch(tokenizer, network, sentences[at : at + AT_ONCE], begin)
    return results


def _batch(tokenizer: Any, network: Any, sentences: Sequence[str], begin: int) -> list[str]:
    import torch

    inputs = tokenizer(list(sentences), return_tensors="pt", padding=True, truncation=True, max_length=LONGEST)
    longest = min(LONGEST, 2 * int(inputs["input_ids"].shape[1]) + 16)
    with torch.inference_mode():
        made = network.generate(**inputs, forced_bos_token_id=begin, max_new_tokens=longest, num_beams=2)
    return list(tokenizer.batch_decode(made, skip_special_tokens=True))


if __name__ == "__main__":
    main()
