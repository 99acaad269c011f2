from app.grounding import *
