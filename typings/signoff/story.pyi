from app.story import *
