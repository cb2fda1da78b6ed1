"""The web app: the only room that knows Gradio. It talks to the engine alone and keeps nothing of its own."""
