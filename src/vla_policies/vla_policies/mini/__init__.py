"""
A small vision-language-action model that follows language on a CPU.

Text tokens of a frozen sentence encoder, views by a small convolutional encoder, the state of the
arm; a transformer fuses them; a head turns the result into a chunk. Heads are interchangeable.
"""
