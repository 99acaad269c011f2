from app.intake import *
