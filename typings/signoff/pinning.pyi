from app.pinning import *
