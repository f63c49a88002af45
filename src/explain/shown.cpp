#include "explain/shown.hpp"

#include "verify/properties.hpp"

namespace skep::explain {
namespace {

using verify::Property;

constexpr EnumArray<Property, ShownBy> kShown({
    {Property::control_flow, ShownBy::reaching},
    {Property::unreachable_code, ShownBy::unsupported},
    {Property::recursion, ShownBy::limit},
    {Property::infinite_loop, ShownBy::fault},
    {Property::too_complex, ShownBy::limit},
    {Property::stack_depth, ShownBy::limit},
    {Property::uninitialised_register, ShownBy::fault},
    {Property::uninitialised_stack, ShownBy::fault},
    {Property::frame_pointer, ShownBy::reaching},
    {Property::constant_operand, ShownBy::reaching},
    {Property::pointer_arithmetic, ShownBy::fault},
    {Property::not_a_pointer, ShownBy::fault},
    {Property::null_check, ShownBy::fault},
    {Property::packet_bounds, ShownBy::fault},
    {Property::map_value_bounds, ShownBy::fault},
    {Property::record_bounds, ShownBy::fault},
    {Property::memory_bounds, ShownBy::fault},
    {Property::stack_bounds, ShownBy::fault},
    {Property::stack_alignment, ShownBy::reaching},
    {Property::stack_object, ShownBy::reaching},
    {Property::context_access, ShownBy::reaching},
    {Property::kernel_memory, ShownBy::reaching},
    {Property::read_only, ShownBy::reaching},
    {Property::mixed_access, ShownBy::unsupported},
    {Property::atomic_access, ShownBy::reaching},
    {Property::core_relocation, ShownBy::reaching},
    {Property::attach_target, ShownBy::unsupported},
    {Property::unknown_helper, ShownBy::unsupported},
    {Property::helper_not_allowed, ShownBy::unsupported},
    {Property::kernel_only, ShownBy::unsupported},
    {Property::helper_argument, ShownBy::fault},
    {Property::kernel_function, ShownBy::reaching},
    {Property::function_argument, ShownBy::fault},
    {Property::gpl_only, ShownBy::unsupported},
    {Property::privilege, ShownBy::unsupported},
    {Property::pointer_leak, ShownBy::unsupported},
    {Property::speculation, ShownBy::unsupported},
    {Property::held_reference, ShownBy::fault},
    {Property::section, ShownBy::reaching},
    {Property::special_field, ShownBy::reaching},
    {Property::lock, ShownBy::reaching},
    {Property::own_object, ShownBy::reaching},
    {Property::exception, ShownBy::reaching},
    {Property::arena, ShownBy::reaching},
    {Property::return_value, ShownBy::fault},
    {Property::unsupported, ShownBy::unsupported},
});

}  // namespace

ShownBy shown_by(std::string_view property) {
  for (const Property each : every<Property>()) {
    if (verify::kProperties[each].name == property) return kShown[each];
  }
  return ShownBy::fault;
}

}  // namespace skep::explain
