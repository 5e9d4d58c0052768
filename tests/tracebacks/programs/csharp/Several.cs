// Two errors of one group.
using System;

namespace Shop
{
    static class Program
    {
        static Exception Caught(Action action)
        {
            try
            {
                action();
                return null;
            }
            catch (Exception e)
            {
                return e;
            }
        }

        static void First()
        {
            int.Parse("ten");
        }

        static void Second()
        {
            throw new ArgumentException("no such price\nask the shop");
        }

        static void Main()
        {
            throw new AggregateException("two prices are wrong", Caught(First), Caught(Second));
        }
    }
}
