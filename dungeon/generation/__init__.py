"""One turn from the storyteller: generate it, prefetch it, show its context, replay it."""
