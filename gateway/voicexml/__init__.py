"""VoiceXML: the documents of a call, and where it stands between two of them."""
