# skep_skeleton(TARGET OBJECT.bpf.o) gives TARGET a header NAME.skel.hpp, made from the object by
# `skep gen skeleton`.
function(skep_skeleton target object)
  cmake_path(GET object STEM name)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/skeletons)
  set(header ${folder}/${name}.skel.hpp)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${header}
    COMMAND skep gen skeleton ${object} > ${header}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${header}.new ${header}
    DEPENDS skep ${object}
    COMMENT "Making ${name}.skel.hpp"
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
