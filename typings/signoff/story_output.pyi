from app.story_output import *
