from app.commitment import *
