from app.actor import *
