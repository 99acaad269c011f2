from app.streaming import *
