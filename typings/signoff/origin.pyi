from app.origin import *
