"""Servers that somebody else runs: what they are, and a client for each kind.

address.py      a server's address: its root, and where its OpenAI-style routes are
api_keys.py     a server's key: from the environment, or the system's keyring
http.py         one server's connection: JSON requests, streams of lines, errors as messages
detect.py       finds out what a server is, which models it has and how long their context is
models.py       a model that a server has, and readers of what servers answer
client.py       what all clients share
fields.py       request fields that a server has refused
completions.py  raw text by /v1/completions: llama.cpp, vLLM and others
koboldcpp.py    KoboldCpp, and
lm_studio.py    LM Studio: like them, with routes and habits of their own
ollama.py       raw text by Ollama's /api/generate
chat.py         chat messages by /v1/chat/completions, for services that have nothing else
reasoning.py    hides what a model thinks before it answers
"""
