from app.signing import *
