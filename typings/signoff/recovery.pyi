from app.recovery import *
