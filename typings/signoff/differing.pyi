from app.differing import *
