from app.explained import *
