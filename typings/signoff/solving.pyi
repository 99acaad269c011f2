from app.solving import *
