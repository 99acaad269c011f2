from app.accepting import *
