from app.sources import *
