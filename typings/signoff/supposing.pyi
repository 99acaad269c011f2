from app.supposing import *
