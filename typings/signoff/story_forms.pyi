from app.story_forms import *
