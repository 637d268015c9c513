"""The stock Pipecat bot and Answerline side by side: same providers, same callers, one run."""
