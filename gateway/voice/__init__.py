"""The hotline's voice: sounds for sentences, and a call led from question to question."""
