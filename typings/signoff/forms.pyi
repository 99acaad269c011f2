from app.forms import *
