// Objects that count references, in trees and lists at once.
#include "probe.h"

struct entry {
  long key;
  struct bpf_rb_node in_tree;
  struct bpf_list_node in_list;
  struct bpf_refcount references;
};
struct bpf_spin_lock tree_lock SEC(".data.tree");
struct bpf_rb_root tree SEC(".data.tree") __attribute__((btf_decl_tag("contains:entry:in_tree")));
struct bpf_spin_lock list_lock SEC(".data.list");
struct bpf_list_head list SEC(".data.list") __attribute__((btf_decl_tag("contains:entry:in_list")));

extern int bpf_rbtree_add_impl(struct bpf_rb_root* root, struct bpf_rb_node* node,
                               _Bool(less)(struct bpf_rb_node*, const struct bpf_rb_node*),
                               void* meta, __u64 offset) __ksym;
extern struct bpf_rb_node* bpf_rbtree_first(struct bpf_rb_root* root) __ksym;
extern struct bpf_rb_node* bpf_rbtree_remove(struct bpf_rb_root* root,
                                             struct bpf_rb_node* node) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head* head, struct bpf_list_node* node,
                                    void* meta, __u64 offset) __ksym;
extern void* bpf_refcount_acquire_impl(void* object, void* meta) __ksym;

#define ENTRY(node, member) \
  ((struct entry*)((void*)(node) - __builtin_offsetof(struct entry, member)))
#define TC(name) \
  SEC("tc")      \
  int name(struct __sk_buff* ctx)

static _Bool less(struct bpf_rb_node* a, const struct bpf_rb_node* b) {
  return ENTRY(a, in_tree)->key < ENTRY(b, in_tree)->key;
}

// What counts another reference to an object that is owned is never null.
TC(good_counted_and_compared_with_null) {
  struct entry* entry = bpf_obj_new_impl(TYPE_OF(struct entry), 0);
  if (!entry) return 0;
  struct entry* same = bpf_refcount_acquire_impl(entry, 0);
  bpf_spin_lock(&tree_lock);
  bpf_rbtree_add_impl(&tree, &entry->in_tree, less, 0, 0);
  struct bpf_rb_node* first = bpf_rbtree_first(&tree);
  if (first) first = bpf_rbtree_remove(&tree, first);
  bpf_spin_unlock(&tree_lock);
  if (first) bpf_obj_drop_impl(ENTRY(first, in_tree), 0);
  if (same) bpf_obj_drop_impl(same, 0);
  return 0;
}
TC(good_in_both) {
  struct entry* entry = bpf_obj_new_impl(TYPE_OF(struct entry), 0);
  if (!entry) return 0;
  struct entry* same = bpf_refcount_acquire_impl(entry, 0);
  if (!same) {
    bpf_obj_drop_impl(entry, 0);
    return 0;
  }
  bpf_spin_lock(&tree_lock);
  bpf_rbtree_add_impl(&tree, &entry->in_tree, less, 0, 0);
  bpf_spin_unlock(&tree_lock);
  bpf_spin_lock(&list_lock);
  bpf_list_push_front_impl(&list, &same->in_list, 0, __builtin_offsetof(struct entry, in_list));
  bpf_spin_unlock(&list_lock);
  return 0;
}
TC(bad_counted_and_kept) {
  struct entry* entry = bpf_obj_new_impl(TYPE_OF(struct entry), 0);
  if (!entry) return 0;
  struct entry* same = bpf_refcount_acquire_impl(entry, 0);
  bpf_obj_drop_impl(entry, 0);
  return same != 0;
}
TC(bad_under_the_other_lock) {
  struct entry* entry = bpf_obj_new_impl(TYPE_OF(struct entry), 0);
  if (!entry) return 0;
  bpf_spin_lock(&list_lock);
  bpf_rbtree_add_impl(&tree, &entry->in_tree, less, 0, 0);
  bpf_spin_unlock(&list_lock);
  return 0;
}
TC(bad_read_behind_the_lock) {
  struct entry* entry = bpf_obj_new_impl(TYPE_OF(struct entry), 0);
  if (!entry) return 0;
  bpf_spin_lock(&tree_lock);
  bpf_rbtree_add_impl(&tree, &entry->in_tree, less, 0, 0);
  bpf_spin_unlock(&tree_lock);
  return entry->key == 1;
}
char text[64];
SEC("raw_tp/sys_enter")
int bad_format_with_an_unknown_conversion(void* ctx) {
  static const char format[] = "%d %q";
  __u64 data[] = {1, 2};
  return bpf_snprintf(text, sizeof(text), format, data, sizeof(data));
}
SEC("raw_tp/sys_enter")
int bad_format_with_too_little_data(void* ctx) {
  static const char format[] = "%d %d";
  __u64 data[] = {1};
  return bpf_snprintf(text, sizeof(text), format, data, sizeof(data));
}
SEC("raw_tp/sys_enter")
int good_formats(void* ctx) {
  static const char format[] = "%d %-08llx %% %s %pI4 %pK %c %pks.";
  __u64 data[] = {1, 2, (__u64)text, (__u64)text, 5, 6, (__u64)text};
  return bpf_snprintf(text, sizeof(text), format, data, sizeof(data));
}
