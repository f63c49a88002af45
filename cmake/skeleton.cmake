# skep_skeleton(TARGET OBJECT.bpf.o [LIGHT]) gives TARGET a header NAME.skel.hpp, made from the object by
# `skep gen skeleton`; with LIGHT a header NAME.lskel.hpp, which needs nothing of skep.
function(skep_skeleton target object)
  cmake_parse_arguments(ARG "LIGHT" "" "" ${ARGN})
  set(suffix skel)
  set(flags)
  if(ARG_LIGHT)
    set(suffix lskel)
    set(flags --light)
  endif()
  cmake_path(GET object STEM name)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/skeletons)
  set(header ${folder}/${name}.${suffix}.hpp)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${header}
    COMMAND skep gen skeleton ${object} ${flags} > ${header}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${header}.new ${header}
    DEPENDS skep ${object}
    COMMENT "Making ${name}.${suffix}.hpp"
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
