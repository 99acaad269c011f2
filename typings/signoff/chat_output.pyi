from app.chat_output import *
