from app.counting import *
