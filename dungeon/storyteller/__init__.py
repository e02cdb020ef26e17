"""The storyteller: a voice running behind an OpenAI-compatible `/v1/completions` endpoint.

`voices` says which voices there are, `fetch` brings the bundled weights, `local` runs llama.cpp in a child process
(`engine` is that child), and `client` streams completions from it or from any other endpoint.
"""
