from app.voting import *
