/*
 * typed_check.h - what PROCSPAWN_DEFINE and its like say of wrong arguments
 *
 * Not to be included by itself, and but for PROCSPAWN_USER nothing in it is to be used by itself.
 *
 * The preprocessor looks up each type word W as PROCSPAWN_WORD_W. When all are known, the macro
 * makes what typed.h describes. When one is not, it makes a static assertion that names it, and
 * declares the function with the unknown words taken for C types. The body and the calls of the
 * function are compiled against that, so that they add few errors of their own.
 */
#ifndef FORKSCOPE_TYPED_CHECK_H
#define FORKSCOPE_TYPED_CHECK_H

/* As in typed_macros.h. */
#pragma GCC system_header

/* ---- words ---- */

/* What PROCSPAWN_WORD_W is for each type word W. With more tokens behind it, as in "unsigned int",
 * it is no type word: then nothing calls it. */
#define PROCSPAWN_USER PROCSPAWN__IS_A_WORD
#define PROCSPAWN__IS_A_WORD() ~, 1

#define PROCSPAWN_WORD_int8 PROCSPAWN_USER
#define PROCSPAWN_WORD_int16 PROCSPAWN_USER
#define PROCSPAWN_WORD_int32 PROCSPAWN_USER
#define PROCSPAWN_WORD_int64 PROCSPAWN_USER
#define PROCSPAWN_WORD_uint8 PROCSPAWN_USER
#define PROCSPAWN_WORD_uint16 PROCSPAWN_USER
#define PROCSPAWN_WORD_uint32 PROCSPAWN_USER
#define PROCSPAWN_WORD_uint64 PROCSPAWN_USER
#define PROCSPAWN_WORD_int PROCSPAWN_USER
#define PROCSPAWN_WORD_unsigned PROCSPAWN_USER
#define PROCSPAWN_WORD_long PROCSPAWN_USER
#define PROCSPAWN_WORD_size PROCSPAWN_USER
#define PROCSPAWN_WORD_double PROCSPAWN_USER
#define PROCSPAWN_WORD_float PROCSPAWN_USER
#define PROCSPAWN_WORD_bool PROCSPAWN_USER
#define PROCSPAWN_WORD__Bool PROCSPAWN_USER
#define PROCSPAWN_WORD_string PROCSPAWN_USER
#define PROCSPAWN_WORD_bytes PROCSPAWN_USER
#define PROCSPAWN_WORD_int64s PROCSPAWN_USER
#define PROCSPAWN_WORD_doubles PROCSPAWN_USER
#define PROCSPAWN_WORD_json PROCSPAWN_USER
#define PROCSPAWN_WORD_shmem PROCSPAWN_USER
#define PROCSPAWN_WORD_fd PROCSPAWN_USER
#define PROCSPAWN_WORD_sender PROCSPAWN_USER
#define PROCSPAWN_WORD_receiver PROCSPAWN_USER
#define PROCSPAWN_WORD_void PROCSPAWN_USER

/* ---- small things ---- */

#define PROCSPAWN__CAT(a, b) PROCSPAWN__CAT_(a, b)
#define PROCSPAWN__CAT_(a, b) a##b
#define PROCSPAWN__SECOND(...) PROCSPAWN__SECOND_(__VA_ARGS__)
#define PROCSPAWN__SECOND_(a, b, ...) b

/* How many parameters there are, up to 16. */
#define PROCSPAWN__COUNT(...) \
    PROCSPAWN__COUNT_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)
#define PROCSPAWN__COUNT_(name, result, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, n, ...) n

/* M(X) for each parameter X. */
#define PROCSPAWN__ON_0(m, ...)
#define PROCSPAWN__ON_1(m, a, ...) m(a)
#define PROCSPAWN__ON_2(m, a, ...) m(a) PROCSPAWN__ON_1(m, __VA_ARGS__)
#define PROCSPAWN__ON_3(m, a, ...) m(a) PROCSPAWN__ON_2(m, __VA_ARGS__)
#define PROCSPAWN__ON_4(m, a, ...) m(a) PROCSPAWN__ON_3(m, __VA_ARGS__)
#define PROCSPAWN__ON_5(m, a, ...) m(a) PROCSPAWN__ON_4(m, __VA_ARGS__)
#define PROCSPAWN__ON_6(m, a, ...) m(a) PROCSPAWN__ON_5(m, __VA_ARGS__)
#define PROCSPAWN__ON_7(m, a, ...) m(a) PROCSPAWN__ON_6(m, __VA_ARGS__)
#define PROCSPAWN__ON_8(m, a, ...) m(a) PROCSPAWN__ON_7(m, __VA_ARGS__)
#define PROCSPAWN__ON_9(m, a, ...) m(a) PROCSPAWN__ON_8(m, __VA_ARGS__)
#define PROCSPAWN__ON_10(m, a, ...) m(a) PROCSPAWN__ON_9(m, __VA_ARGS__)
#define PROCSPAWN__ON_11(m, a, ...) m(a) PROCSPAWN__ON_10(m, __VA_ARGS__)
#define PROCSPAWN__ON_12(m, a, ...) m(a) PROCSPAWN__ON_11(m, __VA_ARGS__)
#define PROCSPAWN__ON_13(m, a, ...) m(a) PROCSPAWN__ON_12(m, __VA_ARGS__)
#define PROCSPAWN__ON_14(m, a, ...) m(a) PROCSPAWN__ON_13(m, __VA_ARGS__)
#define PROCSPAWN__ON_15(m, a, ...) m(a) PROCSPAWN__ON_14(m, __VA_ARGS__)
#define PROCSPAWN__ON_16(m, a, ...) m(a) PROCSPAWN__ON_15(m, __VA_ARGS__)

/* ---- what is right: 1, else 0 ---- */

#define PROCSPAWN__IS_WORD(word) PROCSPAWN__SECOND(PROCSPAWN_WORD_##word (), 0, ~)
#define PROCSPAWN__IS_VOID(word) PROCSPAWN__SECOND(PROCSPAWN__PROBE_##word, 0, ~)
#define PROCSPAWN__PROBE_void ~, 1

#define PROCSPAWN__IS_PAIR(x) PROCSPAWN__SECOND(PROCSPAWN__PAIR_PROBE x, 0, ~)
#define PROCSPAWN__PAIR_PROBE(...) PROCSPAWN__PAIR_PROBE_(__VA_ARGS__, 0, 0, 0, 0, 1, 0, ~)
#define PROCSPAWN__PAIR_PROBE_(a, b, c, d, e, f, two, ...) ~, two
#define PROCSPAWN__IS_BARE(x) PROCSPAWN__SECOND(PROCSPAWN__BARE_PROBE x, 1, ~)
#define PROCSPAWN__BARE_PROBE(...) ~, 0

/* A result's word must not stand in parentheses; a parameter's may not be void. */
#define PROCSPAWN__RESULT_IS_RIGHT(x) \
    PROCSPAWN__CAT(PROCSPAWN__RESULT_IS_RIGHT_, PROCSPAWN__IS_BARE(x))(x)
#define PROCSPAWN__RESULT_IS_RIGHT_0(x) 0
#define PROCSPAWN__RESULT_IS_RIGHT_1(word) PROCSPAWN__IS_WORD(word)
#define PROCSPAWN__IS_RIGHT(x) PROCSPAWN__CAT(PROCSPAWN__IS_RIGHT_, PROCSPAWN__IS_PAIR(x))(x)
#define PROCSPAWN__IS_RIGHT_0(x) 0
#define PROCSPAWN__IS_RIGHT_1(x) PROCSPAWN__HAS_WORD x
#define PROCSPAWN__HAS_WORD(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__HAS_WORD_, PROCSPAWN__IS_VOID(word))(word)
#define PROCSPAWN__HAS_WORD_0(word) PROCSPAWN__IS_WORD(word)
#define PROCSPAWN__HAS_WORD_1(word) 0

/* OK, WRONG or MANY: the first mark that there is. */
#define PROCSPAWN__VERDICT(n, storage, name, result, ...) \
    PROCSPAWN__SECOND(~ PROCSPAWN__MARK_COUNT_##n PROCSPAWN__MARK_RESULT(result) \
                      PROCSPAWN__ON_##n(PROCSPAWN__MARK, __VA_ARGS__), OK, ~)
#define PROCSPAWN__MARK(x) PROCSPAWN__CAT(PROCSPAWN__MARK_, PROCSPAWN__IS_RIGHT(x))
#define PROCSPAWN__MARK_RESULT(x) PROCSPAWN__CAT(PROCSPAWN__MARK_, PROCSPAWN__RESULT_IS_RIGHT(x))
#define PROCSPAWN__MARK_0 , WRONG
#define PROCSPAWN__MARK_1
#define PROCSPAWN__MARK_COUNT_0
#define PROCSPAWN__MARK_COUNT_1
#define PROCSPAWN__MARK_COUNT_2
#define PROCSPAWN__MARK_COUNT_3
#define PROCSPAWN__MARK_COUNT_4
#define PROCSPAWN__MARK_COUNT_5
#define PROCSPAWN__MARK_COUNT_6
#define PROCSPAWN__MARK_COUNT_7
#define PROCSPAWN__MARK_COUNT_8
#define PROCSPAWN__MARK_COUNT_9 , MANY
#define PROCSPAWN__MARK_COUNT_10 , MANY
#define PROCSPAWN__MARK_COUNT_11 , MANY
#define PROCSPAWN__MARK_COUNT_12 , MANY
#define PROCSPAWN__MARK_COUNT_13 , MANY
#define PROCSPAWN__MARK_COUNT_14 , MANY
#define PROCSPAWN__MARK_COUNT_15 , MANY
#define PROCSPAWN__MARK_COUNT_16 , MANY

/* ---- what is said ---- */

/* An error with a text. clang shows each macro on the way to an assertion, but not to a name that
 * stands in the program. */
#if defined __clang__
#define PROCSPAWN__REFUSE(name, text) \
    extern void name##_is_refused(int name __attribute__((unavailable(text))), \
                                  char (*procspawn__it)[sizeof(name)])
#elif defined __cplusplus
#define PROCSPAWN__REFUSE(name, text) static_assert(false, text)
#else
#define PROCSPAWN__REFUSE(name, text) _Static_assert(0, text)
#endif

#define PROCSPAWN__TEXT(x) PROCSPAWN__CAT(PROCSPAWN__TEXT_, PROCSPAWN__IS_RIGHT(x))(x)
#define PROCSPAWN__TEXT_0(x) PROCSPAWN__CAT(PROCSPAWN__WRONG_TEXT_, PROCSPAWN__IS_PAIR(x))(x)
#define PROCSPAWN__TEXT_1(x)
#define PROCSPAWN__WRONG_TEXT_0(x) " " #x " [not a pair of type and name]"
#define PROCSPAWN__WRONG_TEXT_1(x) PROCSPAWN__WORD_TEXT x
#define PROCSPAWN__WORD_TEXT(word, name) " " #word
#define PROCSPAWN__RESULT_TEXT(x) \
    PROCSPAWN__CAT(PROCSPAWN__RESULT_TEXT_, PROCSPAWN__RESULT_IS_RIGHT(x))(x)
#define PROCSPAWN__RESULT_TEXT_0(x) " " #x
#define PROCSPAWN__RESULT_TEXT_1(x)

/* A type of the program's without its definition. */
#define PROCSPAWN__CHECK_TYPE_0(word) \
    PROCSPAWN__REFUSE(word, "PROCSPAWN_TYPE(" #word "): put `#define PROCSPAWN_WORD_" #word \
                      " PROCSPAWN_USER` before it");
#define PROCSPAWN__CHECK_TYPE_1(word)

/* ---- what is declared all the same ---- */

/* Each parameter with a comma in front. */
#define PROCSPAWN__GUESS(x) PROCSPAWN__CAT(PROCSPAWN__GUESS_, PROCSPAWN__IS_RIGHT(x))(x)
#define PROCSPAWN__GUESS_1(x) PROCSPAWN__GUESS_RIGHT x
#define PROCSPAWN__GUESS_0(x) PROCSPAWN__CAT(PROCSPAWN__GUESS_WRONG_, PROCSPAWN__IS_PAIR(x))(x)
#define PROCSPAWN__GUESS_WRONG_1(x) PROCSPAWN__GUESS_PAIR x
#define PROCSPAWN__GUESS_WRONG_0(x) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_BARE_, PROCSPAWN__IS_BARE(x))(x)
#define PROCSPAWN__GUESS_BARE_1(x) , x
#define PROCSPAWN__GUESS_BARE_0(x) , long procspawn__no_pair __attribute__((unused))
#define PROCSPAWN__GUESS_RIGHT(word, name) \
    , procspawn__param_##word name __attribute__((unused))

/* Type and name may stand the other way round. */
#define PROCSPAWN__GUESS_PAIR(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_PAIR_, PROCSPAWN__IS_WORD(name))(word, name)
#define PROCSPAWN__GUESS_PAIR_1(name, word) PROCSPAWN__GUESS_RIGHT(word, name)

/* In C++ a parameter of an unknown type is one of any type, and no error. gcc has one error for it
 * and none in the body. clang has errors in the body. */
#ifdef __cplusplus
#define PROCSPAWN__GUESS_PAIR_0(word, name) \
    , procspawn__type_of_##name name __attribute__((unused))
#elif defined __clang__
#define PROCSPAWN__GUESS_PAIR_0(word, name) , long name __attribute__((unused))
#else
#define PROCSPAWN__GUESS_PAIR_0(word, name) , word name __attribute__((unused))
#endif
#ifdef __cplusplus
#define PROCSPAWN__GUESS_TYPE(x) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_TYPE_, PROCSPAWN__IS_RIGHT(x))(x)
#define PROCSPAWN__GUESS_TYPE_1(x)
#define PROCSPAWN__GUESS_TYPE_0(x) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_TYPE_0, PROCSPAWN__IS_PAIR(x))(x)
#define PROCSPAWN__GUESS_TYPE_00(x)
#define PROCSPAWN__GUESS_TYPE_01(x) PROCSPAWN__GUESS_TYPE_OF x
#define PROCSPAWN__GUESS_TYPE_OF(word, name) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_TYPE_OF_, PROCSPAWN__IS_WORD(name))(name)
#define PROCSPAWN__GUESS_TYPE_OF_0(name) , class procspawn__type_of_##name
#define PROCSPAWN__GUESS_TYPE_OF_1(name)
#define PROCSPAWN__GUESS_STORAGE(n, storage, ...) \
    extern "C++" template <class... procspawn__none \
                           PROCSPAWN__ON_##n(PROCSPAWN__GUESS_TYPE, __VA_ARGS__)>
#else
#define PROCSPAWN__GUESS_STORAGE(n, storage, ...) storage
#endif

#define PROCSPAWN__GUESS_RESULT(x) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_RESULT_, PROCSPAWN__RESULT_IS_RIGHT(x))(x)
#define PROCSPAWN__GUESS_RESULT_1(word) procspawn__result_##word
#if defined __cplusplus || defined __clang__
#define PROCSPAWN__GUESS_RESULT_0(x) long
#else
#define PROCSPAWN__GUESS_RESULT_0(x) \
    PROCSPAWN__CAT(PROCSPAWN__GUESS_RESULT_0, PROCSPAWN__IS_BARE(x))(x)
#define PROCSPAWN__GUESS_RESULT_00(x) long
#define PROCSPAWN__GUESS_RESULT_01(x) x
#endif

#define PROCSPAWN__GUESS_LIST(n, ...) \
    PROCSPAWN__REST(~ PROCSPAWN__ON_##n(PROCSPAWN__GUESS, __VA_ARGS__))
#define PROCSPAWN__REST(...) PROCSPAWN__REST_(__VA_ARGS__)
#define PROCSPAWN__REST_(first, ...) __VA_ARGS__

/* Without parameters: calls are not compared with anything. */
#ifdef __cplusplus
#define PROCSPAWN__LOOSE(name) extern "C" int name(...)
#elif __STDC_VERSION__ > 201710L
#define PROCSPAWN__LOOSE(name) extern int name(...)
#else
#define PROCSPAWN__LOOSE(name) extern int name()
#endif
#define PROCSPAWN__LOOSE_FORMS(name) \
    PROCSPAWN__LOOSE(name##_spawn); \
    PROCSPAWN__LOOSE(name##_builder_spawn); \
    PROCSPAWN__LOOSE(name##_pool_spawn); \
    PROCSPAWN__LOOSE(name##_start); \
    PROCSPAWN__LOOSE(name##_set_start); \
    PROCSPAWN__LOOSE(name##_call); \
    PROCSPAWN__LOOSE(name##_pool_call); \
    PROCSPAWN__LOOSE(name##_call_with); \
    PROCSPAWN__LOOSE(name##_map); \
    PROCSPAWN__LOOSE(name##_result); \
    PROCSPAWN__LOOSE(name##_join); \
    PROCSPAWN__LOOSE(name##_join_timeout)

/* ---- the choice ---- */

#ifdef __cplusplus
#define PROCSPAWN__EXTERN extern "C"
#define PROCSPAWN__ELSEWHERE extern "C"
#else
#define PROCSPAWN__EXTERN
#define PROCSPAWN__ELSEWHERE extern
#endif
#define PROCSPAWN__STATIC static __attribute__((unused))

/* M(N, STORAGE, NAME, RESULT, PARAMETERS..., ~), if all is right. */
#define PROCSPAWN__APPLY(m, storage, ...) \
    PROCSPAWN__APPLY_COUNTED(m, PROCSPAWN__COUNT(__VA_ARGS__), storage, __VA_ARGS__, ~)
#define PROCSPAWN__APPLY_COUNTED(m, n, ...) PROCSPAWN__APPLY_COUNTED_(m, n, __VA_ARGS__)
#define PROCSPAWN__APPLY_COUNTED_(m, n, ...) \
    PROCSPAWN__CAT(PROCSPAWN__APPLY_, PROCSPAWN__VERDICT(n, __VA_ARGS__))(m, n, __VA_ARGS__)
#define PROCSPAWN__APPLY_OK(m, n, ...) m(n, __VA_ARGS__)
#define PROCSPAWN__APPLY_WRONG(m, n, storage, name, result, ...) \
    PROCSPAWN__REFUSE(name, "PROCSPAWN_DEFINE(" #name "): unknown type:" \
                      PROCSPAWN__RESULT_TEXT(result) \
                      PROCSPAWN__ON_##n(PROCSPAWN__TEXT, __VA_ARGS__)); \
    PROCSPAWN__APPLY_GUESS(n, storage, name, result, __VA_ARGS__)
#define PROCSPAWN__APPLY_MANY(m, n, storage, name, result, ...) \
    PROCSPAWN__REFUSE(name, "PROCSPAWN_DEFINE(" #name "): more than 8 parameters"); \
    PROCSPAWN__APPLY_GUESS(n, storage, name, result, __VA_ARGS__)
#define PROCSPAWN__APPLY_GUESS(n, storage, name, result, ...) \
    PROCSPAWN__LOOSE_FORMS(name); \
    PROCSPAWN__GUESS_STORAGE(n, storage, __VA_ARGS__) \
    PROCSPAWN__GUESS_RESULT(result) name(PROCSPAWN__GUESS_LIST(n, __VA_ARGS__))

#endif
