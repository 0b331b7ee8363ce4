# Removes from FOLDER what is not one of FILES.
file(GLOB_RECURSE present ${FOLDER}/*)
if(present)
  list(REMOVE_ITEM present ${FILES})
endif()
if(present)
  file(REMOVE ${present})
endif()
