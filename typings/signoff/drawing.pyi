from app.drawing import *
