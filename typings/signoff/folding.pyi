from app.folding import *
