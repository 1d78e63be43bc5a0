"""How we talk: dialogue scripts, the engine, words, media; pure but for reading scripts and templates."""
