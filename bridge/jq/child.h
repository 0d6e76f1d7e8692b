/* The jq child: a process that runs jq programs and nothing else, so that what a program does to
 * libjq, it does to this process alone (bridge/decisions/006). It is this very executable, started
 * anew under another name: before main begins, a program that is called JQ_CHILD_NAME becomes one.
 * So every program that can start a child, tests too, has one in it.
 *
 * It sees orders, and events in them: no file, no network, no environment, no other process. */
#ifndef JQ_CHILD_H
#define JQ_CHILD_H

#define JQ_CHILD_FD 3 /* the socket it takes orders from */

extern const char jq_child_name[]; /* argv[0] */

#endif
