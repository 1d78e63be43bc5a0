"""How a message feels: SMS, chat, voice."""
